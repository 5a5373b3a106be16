import type { SeedSource } from './source.js';

/** What became of the authors, or of the books. */
export interface Tally {
  created: number;
  alreadyThere: number;
  refused: number;
}

/** The first refusals are told one by one, the others counted: a large set may have very many. */
const PROBLEMS_TOLD = 10;

/** How far a load has come. */
export class LoadReport {
  readonly authors: Tally = { created: 0, alreadyThere: 0, refused: 0 };
  readonly books: Tally = { created: 0, alreadyThere: 0, refused: 0 };
  /** Calls made, repeated ones too. */
  calls = 0;
  readonly #problems: string[] = [];
  #problemCount = 0;
  readonly #startedAt = Date.now();

  constructor(private readonly source: SeedSource) {}

  /**
   * Counts what a create returned. It was there already when it is older than this load, which a repeated create does
   * not say otherwise; so these two counts are as right as the two clocks agree.
   */
  added(tally: Tally, { createdAt }: { createdAt: string }): void {
    if (Date.parse(createdAt) < this.#startedAt) tally.alreadyThere++;
    else tally.created++;
  }

  refused(tally: Tally, problem: string): void {
    tally.refused++;
    this.#problemCount++;
    if (this.#problems.length < PROBLEMS_TOLD) this.#problems.push(problem);
  }

  /** Counts what could not even be tried, because of a refusal that is told already. */
  leftOut(tally: Tally): void {
    tally.refused++;
  }

  /** Authors and books dealt with, refused ones too. */
  get done(): number {
    return sum(this.authors) + sum(this.books);
  }

  get total(): number {
    return this.source.authorCount + this.source.bookCount;
  }

  /** Whether something is not in that should be. */
  get incomplete(): boolean {
    return this.authors.refused + this.books.refused > 0;
  }

  /** The problems as lines for people, ten at most and how many more there are. */
  problemLines(): string[] {
    const more = this.#problemCount - this.#problems.length;
    return more > 0 ? [...this.#problems, `and ${more} more like these`] : this.#problems;
  }

  /** Everything in one line. */
  toString(): string {
    const seconds = Math.max(0.001, (Date.now() - this.#startedAt) / 1_000);
    return [
      `${progress(this.authors, this.source.authorCount)} authors (${parts(this.authors)})`,
      `${progress(this.books, this.source.bookCount)} books (${parts(this.books)})`,
      `${seconds.toFixed(1)} s`,
      `${Math.round(this.calls / seconds)} calls/s`,
    ].join(', ');
  }
}

function sum({ created, alreadyThere, refused }: Tally): number {
  return created + alreadyThere + refused;
}

function progress({ created, alreadyThere }: Tally, total: number): string {
  const inNow = created + alreadyThere;
  return inNow === total ? `${total}` : `${inNow} of ${total}`;
}

function parts({ created, alreadyThere, refused }: Tally): string {
  const known = `${created} created, ${alreadyThere} already there`;
  return refused === 0 ? known : `${known}, ${refused} refused`;
}
