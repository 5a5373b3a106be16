/** A bookstore for all scenarios that leave it as it was. It is started for the first of them. */
export class Shared<B extends AsyncDisposable> {
  #bookstore: Promise<B> | undefined;

  constructor(private readonly start: () => Promise<B>) {}

  get(): Promise<B> {
    this.#bookstore ??= this.start();
    return this.#bookstore;
  }

  /** At the end, and after a scenario that failed: the next one gets a new bookstore. */
  async stop(): Promise<void> {
    const bookstore = await this.#bookstore?.catch(() => undefined);
    this.#bookstore = undefined;
    await bookstore?.[Symbol.asyncDispose]();
  }
}
