/** Whether the text of a variable is a port that can be chosen, 1 to 65535. */
export function isPort(text: string): boolean;
