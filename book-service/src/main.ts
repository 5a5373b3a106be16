import { runService } from '@bookstore/service-kit';
import { bookService } from './book-service.js';

await runService(bookService);
