import type { Browser, Locator, Page } from 'playwright-core';

/** What the page shows of a failed call. */
export interface ShownError {
  readonly status: string;
  readonly message: string;
  /** As JSON, each with the name of its type. */
  readonly details: readonly Record<string, unknown>[];
}

const VIEWPORT = { width: 1450, height: 1100 };

/** grpcui in a browser, used by what somebody sees of it. */
export class GrpcuiPage {
  private constructor(private readonly page: Page) {}

  static async open(browser: Browser, url: string): Promise<GrpcuiPage> {
    const page = await browser.newPage({ viewport: VIEWPORT });
    await page.goto(url);
    const grpcui = new GrpcuiPage(page);
    await grpcui.#form.locator('.message_field').first().waitFor();
    await page.locator('#grpc-descriptions-toggle').click();
    return grpcui;
  }

  services(): Promise<string[]> {
    return this.#services.locator('option').allTextContents();
  }

  /** Of the service that is chosen. */
  methods(): Promise<string[]> {
    return this.#methods.locator('option').allTextContents();
  }

  /** Chooses a method, and waits for the form of its request. */
  async choose(method: string, request: string): Promise<void> {
    await this.#methods.selectOption(method);
    await this.#form.getByText(request).waitFor();
  }

  /** What the page says of the service and the method that are chosen. */
  async description(): Promise<string> {
    const texts = await this.page.locator('#grpc-descriptions pre').allTextContents();
    return texts.join('\n');
  }

  /** What the page says of each field of the request, by the field's name. */
  async fields(): Promise<Record<string, string | null>> {
    const names = await this.#form.locator('.message_field .name strong').all();
    const said = names.map(async (name) => [await name.textContent(), await name.getAttribute('title')]);
    return Object.fromEntries(await Promise.all(said));
  }

  /** Types into the request's form: a field that is not named here is not sent. */
  async fill(fields: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, value] of Object.entries(fields)) {
      const row = this.#form.locator('.message_field').filter({ has: this.page.getByText(name, { exact: true }) });
      await row.locator('input[type=checkbox]').check();
      await row.locator('textarea, input:not([type=checkbox])').fill(value);
    }
  }

  /** Sends the request, and waits for the tab with the answer. */
  async invoke(): Promise<void> {
    await this.page.getByRole('button', { name: 'Invoke' }).first().click();
    await this.page.locator('#grpc-response-tab').waitFor();
  }

  /** The answer, as JSON. */
  async response(): Promise<Record<string, unknown>> {
    const [answer] = await jsonIn(this.page.locator('#grpc-response-data'));
    if (!answer) throw new Error(`the call has failed: ${JSON.stringify(await this.error())}`);
    return answer;
  }

  async error(): Promise<ShownError> {
    return {
      status: (await this.page.locator('#grpc-response-error-desc').textContent()) ?? '',
      message: (await this.page.locator('#grpc-response-error-msg').textContent()) ?? '',
      details: await jsonIn(this.page.locator('#grpc-response-error-details')),
    };
  }

  /** A picture of the request's form, and what the page says of its method: all below the page's own heading. */
  async screenshot(file: string): Promise<void> {
    const { y } = (await this.page.locator('#grpc-form').boundingBox()) ?? { y: 0 };
    const last = await this.#form.boundingBox();
    const bottom = last ? last.y + last.height : VIEWPORT.height;
    await this.page.screenshot({ path: file, clip: { x: 0, y, width: VIEWPORT.width, height: bottom - y + 10 } });
  }

  get #services(): Locator {
    return this.page.locator('#grpc-service');
  }

  get #methods(): Locator {
    return this.page.locator('#grpc-method');
  }

  get #form(): Locator {
    return this.page.locator('#grpc-request-form');
  }
}

async function jsonIn(messages: Locator): Promise<Record<string, unknown>[]> {
  const areas = await messages.locator('textarea').all();
  return Promise.all(areas.map(async (area) => JSON.parse(await area.inputValue())));
}
