/** A running bookstore that the journeys go through, reached by nothing but its public ports. */
export interface Target {
  readonly name: TargetName;
  /** host:port of the author service. */
  readonly authorAddress: string;
  /** host:port of the book service. */
  readonly bookAddress: string;
  /** Compose's project, where the bookstore runs in one. */
  readonly composeProject?: string;
  /** Kubernetes' namespace, where the bookstore runs in one. */
  readonly namespace?: string;
}

/** A target that this run has started, and ends. */
export interface StartedTarget extends Target {
  stop(): Promise<void>;
}

export const targetNames = ['embedded', 'compose', 'kubernetes'] as const;

export type TargetName = (typeof targetNames)[number];

declare module 'vitest' {
  export interface ProvidedContext {
    target: Target;
  }
}
