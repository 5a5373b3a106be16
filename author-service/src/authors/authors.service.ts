import { collectPage, type Page } from '@bookstore/service-kit';
import { Injectable } from '@nestjs/common';
import { type Author, type AuthorChange, AuthorNotFound, type NewAuthor } from './author.js';
import { AuthorDeletion } from './author-deletion.js';
import { AuthorsRepository } from './authors.repository.js';

/** What can be done with authors. */
@Injectable()
export class AuthorsService {
  constructor(
    private readonly repository: AuthorsRepository,
    private readonly deletion: AuthorDeletion,
  ) {}

  /** @throws EmailTaken, RequestIdReused */
  create(author: NewAuthor): Promise<Author> {
    return this.repository.insert(author);
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

  /** In the order of ids, which is the order of creation. */
  list(page: { pageSize: number; pageToken: string }): Promise<Page<Author>> {
    return collectPage(
      { ...page, scope: 'ListAuthors' },
      (after, limit) => this.repository.listAfter(after, limit),
      // Ids, times and tags take fewer than 96 bytes.
      ({ name, email }) => Buffer.byteLength(name) + email.length + 96,
    );
  }
}
