/** Whether there is a process with this id. */
export function isRunning(pid: number): boolean {
  try {
    // Signal 0 is not sent: it only fails where there is no process.
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
