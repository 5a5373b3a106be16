import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';

const ROTATE_AT_BYTES = 5 * 1024 * 1024;
const FOLLOW_EVERY_MS = 200;
const MOST_TO_QUOTE = 64 * 1024;

/** PostgreSQL's own log: written by PostgreSQL itself, so that it never waits for this process, nor fails with it. */
export class LogFile {
  private constructor(
    readonly path: string,
    /** For a child's stderr. */
    readonly fd: number,
  ) {}

  /** Opens the log for appending. One that grew large is set aside first, over the one set aside before. */
  static open(file: string): LogFile {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > ROTATE_AT_BYTES) renameSync(file, `${file}.1`);
    return new LogFile(file, openSync(file, 'a+', 0o600));
  }

  /** Gives, when called later, what was written from now until then: the end of it, if that is much. */
  mark(): () => string {
    const from = fstatSync(this.fd).size;
    return () => {
      const size = fstatSync(this.fd).size;
      return this.read(Math.max(from, size - MOST_TO_QUOTE), size)
        .toString()
        .trim();
    };
  }

  /** Calls `onLine` for each line written from now on, until the returned function is called. */
  follow(onLine: (line: string) => void): () => void {
    let at = fstatSync(this.fd).size;
    let rest = Buffer.alloc(0);
    const look = () => {
      const size = fstatSync(this.fd).size;
      rest = Buffer.concat([rest, this.read(at, size)]);
      at = size;
      const end = rest.lastIndexOf('\n');
      if (end < 0) return;
      const lines = rest.subarray(0, end).toString().split('\n');
      rest = rest.subarray(end + 1);
      for (const line of lines) onLine(line);
    };
    const timer = setInterval(look, FOLLOW_EVERY_MS).unref();
    return () => {
      clearInterval(timer);
      look();
    };
  }

  close(): void {
    closeSync(this.fd);
  }

  private read(from: number, to: number): Buffer {
    const bytes = Buffer.alloc(Math.max(0, to - from));
    return bytes.subarray(0, readSync(this.fd, bytes, 0, bytes.length, from));
  }
}
