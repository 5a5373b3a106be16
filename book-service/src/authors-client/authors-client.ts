/** What books need from the author service. */
export abstract class AuthorsClient {
  /** @throws AuthorServiceUnavailable when there is no valid answer */
  abstract exists(authorId: string): Promise<boolean>;
}
