import { randomBytes } from 'node:crypto';
import { outputOf } from '../process/output-of.js';

/** An image of these lines of a Dockerfile, without any file, for as long as it is needed. */
export class ThrowAwayImage implements AsyncDisposable {
  readonly name = `bookstore-throw-away-${randomBytes(4).toString('hex')}`;
  private constructor() {}

  static async of(...lines: string[]): Promise<ThrowAwayImage> {
    const image = new ThrowAwayImage();
    const { status, stderr } = await outputOf(
      `docker build --quiet --tag ${image.name} - <<'END'\n${lines.join('\n')}\nEND`,
    );
    if (status !== 0) throw new Error(`docker build: ${stderr}`);
    return image;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await outputOf(['docker', 'image', 'rm', this.name]);
  }
}
