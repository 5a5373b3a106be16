/** One thing that a reader of a document does. */
export type Step =
  | {
      readonly does: 'run';
      readonly command: string;
      /** What it prints where it is shown to fail. */
      readonly fails?: string;
      readonly line: number;
    }
  | { readonly does: 'patch'; readonly patch: string; readonly line: number }
  | { readonly does: 'write'; readonly file: string; readonly text: string; readonly line: number };

const NOT_RUN = /<!-- not run: .+? -->\s*$/;
const FAILS = /<!-- fails: (.+?) -->\s*$/;

/**
 * The fenced blocks of a Markdown file in their order: `sh` is run, `diff` applied, and any other is written to the file
 * that the comment in its first line names.
 */
export function stepsOf(markdown: string): Step[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap((match): Step[] => {
    const [, language, text = ''] = match;
    const before = markdown.slice(0, match.index);
    const line = before.split('\n').length + 1;
    if (language === 'diff') return [{ does: 'patch', patch: text, line }];
    if (language !== 'sh') {
      const [, file, rest = ''] = /^(?:\/\/|#) (\S+)\n(.*)$/s.exec(text) ?? [];
      if (!file) throw new Error(`line ${line}: the block names no file`);
      return [{ does: 'write', file, text: rest, line }];
    }
    if (NOT_RUN.test(before)) return [];
    const [, fails] = FAILS.exec(before) ?? [];
    const commands = text.split('\n').filter((command) => command !== '');
    return commands.map((command, index) => ({
      does: 'run',
      command,
      line: line + index,
      ...(fails !== undefined && { fails }),
    }));
  });
}
