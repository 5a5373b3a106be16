export type TargetName = 'embedded' | 'compose' | 'kubernetes';

/** The public ports of a bookstore: host:port. */
export interface Addresses {
  readonly authorAddress: string;
  readonly bookAddress: string;
}

/** A running bookstore, which the journeys use. */
export interface Target extends Addresses {
  readonly name: TargetName;
  /** The Compose project, where the bookstore runs in one. */
  readonly composeProject?: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    target: Target;
    /** See vitest.global-setup.ts. */
    postgresUrl: string;
  }
}
