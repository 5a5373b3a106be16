/** Whether there is a process with this id, of whichever user. */
export function isRunning(pid: number): boolean;
