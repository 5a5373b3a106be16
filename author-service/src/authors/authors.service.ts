import { Injectable } from '@nestjs/common';
import { type Author, type AuthorChange, AuthorNotFound, type NewAuthor } from './author.js';
import { AuthorDeletion } from './author-deletion.js';
import { AuthorsRepository } from './authors.repository.js';

/** The use cases of authors. */
@Injectable()
export class AuthorsService {
  constructor(
    private readonly repository: AuthorsRepository,
    private readonly deletion: AuthorDeletion,
  ) {}

  /** @throws EmailTaken, RequestIdReused */
  create(author: NewAuthor): Promise<Author> {
    return this.repository.create(author);
  }

  /** @throws AuthorNotFound */
  async get(id: string): Promise<Author> {
    const author = await this.repository.find(id);
    if (!author) throw new AuthorNotFound(id);
    return author;
  }

  /** @throws AuthorNotFound, EmailTaken */
  async update(id: string, change: AuthorChange): Promise<void> {
    if (!(await this.repository.update(id, change))) throw new AuthorNotFound(id);
  }

  /** @throws AuthorNotFound, AuthorHasBooks, DeletePending */
  delete(id: string, force: boolean): Promise<void> {
    return this.deletion.run(id, force);
  }

  /** At most `limit` authors with ids after `after`, in the order of ids. */
  list(after: string | undefined, limit: number): Promise<Author[]> {
    return this.repository.list(after, limit);
  }
}
