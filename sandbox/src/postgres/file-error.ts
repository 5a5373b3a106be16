import { SandboxError } from '../sandbox-error.js';

const REASONS: Record<string, string> = {
  EACCES: 'this user may not read or write there',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'a part of that path is a file, not a folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of that path is a file, not a folder',
  EPERM: 'this user may not read or write there',
  EROFS: 'that file system is read-only',
};

/** The errors of the file system that a user can mend, as one line naming the folder; anything else unchanged. */
export function explainFileError(error: unknown, dataDir: string): unknown {
  const reason = REASONS[(error as NodeJS.ErrnoException | undefined)?.code ?? ''];
  if (!reason || error instanceof SandboxError) return error;
  return cannotKeepData(dataDir, reason, error);
}

/** What PostgreSQL and its tools print, in the same words as the errors met by ourselves; undefined for anything else. */
export function explainOutput(output: string, dataDir: string): SandboxError | undefined {
  const reason = /No space left on device/.test(output)
    ? REASONS.ENOSPC
    : /Disk quota exceeded/.test(output)
      ? REASONS.EDQUOT
      : /Read-only file system/.test(output)
        ? REASONS.EROFS
        : undefined;
  return reason ? cannotKeepData(dataDir, reason, new Error(output)) : undefined;
}

function cannotKeepData(dataDir: string, reason: string, cause: unknown): SandboxError {
  return new SandboxError(
    `PostgreSQL's data cannot be kept in ${dataDir}: ${reason}; mend that or choose another folder`,
    { cause },
  );
}
