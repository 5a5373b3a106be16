import path from 'node:path';
import { freePort } from '@bookstore/sandbox';
import { RunningProgram } from '../process/running-program.js';
import { root } from '../root.js';
import type { Place } from '../start/npm-start.js';

/** What `npm run grpcui` runs, for the bookstore of a place. */
export class NpmRunGrpcui extends RunningProgram {
  private constructor(
    place: Place,
    private readonly ports: { readonly author: number; readonly book: number },
    folder: string,
  ) {
    super([process.execPath, path.join(folder, 'sandbox/dist/grpcui/main.js')], {
      cwd: folder,
      env: {
        SANDBOX_DIR: place.dataDir,
        AUTHOR_PORT: String(place.authorPort),
        BOOK_PORT: String(place.bookPort),
        AUTHOR_GRPCUI_PORT: String(ports.author),
        BOOK_GRPCUI_PORT: String(ports.book),
      },
    });
  }

  /** @param ports of the pages; free ones when absent */
  static async in(
    place: Place,
    { ports = {}, folder = root }: { ports?: { author?: number; book?: number }; folder?: string } = {},
  ): Promise<NpmRunGrpcui> {
    return new NpmRunGrpcui(place, { author: await freePort(), book: await freePort(), ...ports }, folder);
  }

  /** Waits until it tells where the pages are. */
  async opened(): Promise<{ readonly authors: string; readonly books: string }> {
    const [authors, books] = [`http://127.0.0.1:${this.ports.author}`, `http://127.0.0.1:${this.ports.book}`];
    await this.prints(authors);
    await this.prints(books);
    return { authors, books };
  }
}
