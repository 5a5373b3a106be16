/** Whether there is a process with this id, of whichever user. */
export function isRunning(pid) {
  try {
    // Signal 0 is not sent: it only fails where there is no process.
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
