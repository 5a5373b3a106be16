import { blocksOf } from '../readme/blocks.js';

/** One thing that a reader of a document does. */
export type Step = { readonly line: number } & (
  | {
      readonly does: 'run';
      readonly command: string;
      /** What it prints where it is shown to fail. */
      readonly fails: string | undefined;
    }
  | { readonly does: 'patch'; readonly patch: string }
  | { readonly does: 'write'; readonly file: string; readonly text: string }
);

/**
 * The blocks of a Markdown file in their order: `sh` is run, `diff` applied, and any other is written to the file that the
 * comment in its first line names.
 */
export function stepsOf(markdown: string): Step[] {
  return blocksOf(markdown).flatMap(({ language, line, text, commands, notRun, fails }): Step[] => {
    if (notRun) return [];
    if (language === 'diff') return [{ does: 'patch', patch: text, line }];
    if (language === 'sh')
      return commands.map((command, index) => ({ does: 'run', command, line: line + index, fails }));
    const [, file, rest = ''] = /^(?:\/\/|#) (\S+)\n(.*)$/s.exec(text) ?? [];
    if (!file) throw new Error(`line ${line}: the block names no file`);
    return [{ does: 'write', file, text: rest, line }];
  });
}
