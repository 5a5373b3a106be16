export type TargetName = 'embedded' | 'compose' | 'kubernetes';

/** A running bookstore, which the journeys use through its public ports. */
export interface Target {
  readonly name: TargetName;
  /** host:port of the author service. */
  readonly authorAddress: string;
  /** host:port of the book service. */
  readonly bookAddress: string;
  /** The Compose project, where the bookstore runs in one. */
  readonly composeProject?: string;
  /** The Kubernetes namespace, where the bookstore runs in one. */
  readonly namespace?: string;
}

/** A target that this run started and stops. */
export interface StartedTarget extends Target {
  stop(): Promise<void>;
}

declare module 'vitest' {
  export interface ProvidedContext {
    target: Target;
    /** See vitest.global-setup.ts. */
    postgresUrl: string;
  }
}
