/** Of `docker inspect`, what the tests look at. */
export interface ContainerFacts {
  readonly Config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly Privileged: boolean;
    readonly CapDrop: readonly string[] | null;
    readonly CapAdd: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly Memory: number;
    readonly PidsLimit: number | null;
    readonly Tmpfs?: Readonly<Record<string, string>> | null;
  };
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, unknown>>;
    readonly Ports: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>;
  };
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly FinishedAt: string;
    readonly OOMKilled: boolean;
    readonly Health?: { readonly Status: string };
  };
}
