const IMAGE = 'postgres:18';
const CLIENT_LIMIT_MS = 10_000;
const PULL_LIMIT_MS = 60_000;

export interface ContainerPostgres {
  url(database?: string): string;
  stop(): Promise<void>;
}

/**
 * A PostgreSQL in a container of its own, through testcontainers, which is loaded only here: that takes a while.
 *
 * @param settings of postgresql.conf
 * @throws {Error} when the engine does not answer, or has no image and cannot fetch it
 */
export async function startContainerPostgres(settings: Readonly<Record<string, string>>): Promise<ContainerPostgres> {
  const { getContainerRuntimeClient, ImageName } = await import('testcontainers');
  const { image } = await within(CLIENT_LIMIT_MS, 'the Docker Engine does not answer', getContainerRuntimeClient());
  await within(PULL_LIMIT_MS, `${IMAGE} cannot be fetched in time`, image.pull(ImageName.fromString(IMAGE)));

  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const container = await new PostgreSqlContainer(IMAGE)
    .withUsername('postgres')
    .withDatabase('postgres')
    .withCommand(['postgres', ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])])
    .start();
  return {
    url: (database = 'postgres') => {
      const url = new URL(container.getConnectionUri());
      url.pathname = `/${encodeURIComponent(database)}`;
      return url.href;
    },
    stop: async () => void (await container.stop()),
  };
}

async function within<T>(limitMs: number, complaint: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint)), limitMs);
  });
  return await Promise.race([work, tooLate]).finally(() => clearTimeout(timer));
}
