import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry on this machine, for as much of the distribution protocol as names and copies images. */
export interface ImageRegistry extends AsyncDisposable {
  /** Its address, as it begins an image's name. */
  readonly host: string;
  /** Holds an image for two platforms from now on, under this tag if there is one; its digest. */
  add(repository: string, tag?: string): string;
  /** The digest that a tag stands for. */
  digestOf(repository: string, tag: string): string | undefined;
}

const oci = (what: string) => `application/vnd.oci.image.${what}.v1+json`;

export async function startImageRegistry(): Promise<ImageRegistry> {
  const stored = new Map<string, { mediaType: string; text: string }>();
  const tags = new Map<string, string>();
  const put = (mediaType: string, text: string) => {
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    stored.set(digest, { mediaType, text });
    return { mediaType, digest, size: Buffer.byteLength(text) };
  };

  const server = createServer(async (request, response) => {
    const [, repository, reference = ''] = /^\/v2\/(.+)\/(?:manifests|blobs)\/([^/]+)$/.exec(request.url ?? '') ?? [];
    if (request.method === 'PUT') {
      const { digest } = put(request.headers['content-type'] ?? '', Buffer.concat(await request.toArray()).toString());
      tags.set(`${repository}:${reference}`, digest);
      response.writeHead(201, { 'docker-content-digest': digest }).end();
      return;
    }
    const digest = tags.get(`${repository}:${reference}`) ?? reference;
    const found = stored.get(digest);
    if (!found) {
      response.writeHead(404).end();
      return;
    }
    const headers = { 'content-type': found.mediaType, 'content-length': Buffer.byteLength(found.text) };
    response.writeHead(200, { ...headers, 'docker-content-digest': digest });
    response.end(request.method === 'HEAD' ? undefined : found.text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    add: (repository, tag) => {
      const manifests = ['amd64', 'arm64'].map((architecture) => {
        const platform = { architecture, os: 'linux' };
        const config = put(oci('config'), JSON.stringify({ ...platform, rootfs: { type: 'layers', diff_ids: [] } }));
        const text = JSON.stringify({ schemaVersion: 2, mediaType: oci('manifest'), config, layers: [] });
        return { ...put(oci('manifest'), text), platform };
      });
      // The annotation tells one repository's image from another's.
      const annotations = { 'org.opencontainers.image.title': repository };
      const index = { schemaVersion: 2, mediaType: oci('index'), manifests, annotations };
      const { digest } = put(oci('index'), JSON.stringify(index));
      if (tag) tags.set(`${repository}:${tag}`, digest);
      return digest;
    },
    digestOf: (repository, tag) => tags.get(`${repository}:${tag}`),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
