/** A fenced block of a Markdown file. */
export interface Block {
  /** Such as `sh`. */
  readonly language: string;
  /** Where its text begins. */
  readonly line: number;
  readonly text: string;
  /** Its lines without comments. A command over several lines is one. */
  readonly commands: readonly string[];
  /** Why it is not run, as the comment directly above it says. */
  readonly notRun: string | undefined;
  /** What it prints where it is shown to fail, as that comment says. */
  readonly fails: string | undefined;
}

const COMMENT = /<!-- (not run|fails): (.+?) -->\s*$/;

export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map((match) => {
    const [, language = '', text = ''] = match;
    const before = markdown.slice(0, match.index);
    const [, kind, said] = COMMENT.exec(before) ?? [];
    const commands = text
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .filter((command) => command !== '' && !command.startsWith('#'));
    const comments = { notRun: kind === 'not run' ? said : undefined, fails: kind === 'fails' ? said : undefined };
    return { language, line: before.split('\n').length + 1, text, commands, ...comments };
  });
}

/** The commands of its `sh` blocks, without those that are not run. */
export const commandsOf = (markdown: string): string[] =>
  blocksOf(markdown).flatMap(({ language, notRun, commands }) => (language === 'sh' && !notRun ? commands : []));
