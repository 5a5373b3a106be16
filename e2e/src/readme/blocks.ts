/** A block of commands in a Markdown file. */
export interface CommandBlock {
  /** Where its first command is. */
  readonly line: number;
  readonly commands: readonly string[];
  /** Why it is not run, as the comment directly above it says. */
  readonly notRun?: string;
}

const NOT_RUN = /<!-- not run: (.+?) -->\s*$/;

/** The blocks fenced as `sh`, in their order. Comments are left out, and a command over several lines is one. */
export function commandBlocks(markdown: string): CommandBlock[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => {
    const before = markdown.slice(0, match.index);
    const [, notRun] = NOT_RUN.exec(before) ?? [];
    const commands = (match[1] ?? '')
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .filter((command) => command !== '' && !command.startsWith('#'));
    return { line: before.split('\n').length + 1, commands, ...(notRun !== undefined && { notRun }) };
  });
}
