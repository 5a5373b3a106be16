import { runService } from '@bookstore/service-kit';
import { authorService } from './author-service.js';

await runService(authorService);
