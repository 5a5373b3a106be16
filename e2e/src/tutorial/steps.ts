/** One thing that a reader of a tutorial does. */
export type Step =
  | { readonly does: 'run'; readonly command: string; readonly line: number }
  | { readonly does: 'patch'; readonly patch: string; readonly line: number }
  | { readonly does: 'write'; readonly file: string; readonly text: string; readonly line: number };

const NOT_RUN = /<!-- not run: .+? -->\s*$/;

/** The fenced blocks of a Markdown file in their order: `sh` is run, `diff` applied, `ts` written to the file it names. */
export function stepsOf(markdown: string): Step[] {
  return [...markdown.matchAll(/^```(sh|diff|ts)\n(.*?)^```$/gms)].flatMap((match): Step[] => {
    const [, language, text = ''] = match;
    const before = markdown.slice(0, match.index);
    const line = before.split('\n').length + 1;
    if (language === 'diff') return [{ does: 'patch', patch: text, line }];
    if (language === 'ts') {
      const [, file = '', rest = ''] = /^\/\/ (\S+)\n(.*)$/s.exec(text) ?? [];
      return [{ does: 'write', file, text: rest, line }];
    }
    if (NOT_RUN.test(before)) return [];
    const commands = text.split('\n').filter((command) => command !== '');
    return commands.map((command, index) => ({ does: 'run', command, line: line + index }));
  });
}
