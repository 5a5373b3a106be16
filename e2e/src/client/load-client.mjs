// A client in the network of the services, run in the author service's image: calls at a steady rate until SIGTERM, then
// says how many were made and how the failed ones failed. Its channels are those of the services themselves.
import { randomUUID } from 'node:crypto';
import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { credentials, status } from '@grpc/grpc-js';
import { channelOptions } from './service-kit/dist/client/channel-options.js';

const { CALLS_PER_SECOND, RETRIES } = process.env;
const DEADLINE_MS = 5000;

// Each of these may be sent again: two read, and the creates carry a request id.
const methods = {
  'bookstore.author.v1.AuthorService': ['GetAuthor', 'CreateAuthor'],
  'bookstore.book.v1.BookService': ['GetBook', 'CreateBook'],
};
const idempotent = Object.entries(methods).flatMap(([service, names]) => names.map((method) => ({ service, method })));
const options = channelOptions(RETRIES === 'yes' ? idempotent : []);
const authors = new AuthorServiceClient('dns:///author-service:50051', credentials.createInsecure(), options);
const books = new BookServiceClient('dns:///book-service:50052', credentials.createInsecure(), options);

const call = (client, method, request) =>
  new Promise((resolve, reject) => {
    const deadline = Date.now() + DEADLINE_MS;
    client[method](request, { deadline }, (error, response) => (error ? reject(error) : resolve(response)));
  });
const newAuthor = () => ({ name: 'Load', email: `${randomUUID()}@example.com`, requestId: randomUUID() });

const author = await call(authors, 'createAuthor', newAuthor());
const newBook = () => ({ title: 'Load', authorId: author.id, publishedYear: 2001, requestId: randomUUID() });
const book = await call(books, 'createBook', newBook());
const kinds = [
  () => call(authors, 'getAuthor', { id: author.id }),
  () => call(books, 'getBook', { id: book.id }),
  () => call(authors, 'createAuthor', newAuthor()),
  () => call(books, 'createBook', newBook()),
];

let calls = 0;
const failures = {};
const inFlight = new Set();
const timer = setInterval(() => {
  const made = kinds[calls++ % kinds.length]()
    .catch(({ code, details }) => {
      const failure = `${status[code]}: ${details}`;
      failures[failure] = (failures[failure] ?? 0) + 1;
    })
    .finally(() => inFlight.delete(made));
  inFlight.add(made);
  if (calls % CALLS_PER_SECOND === 0) console.log(JSON.stringify({ calls, failures }));
}, 1000 / CALLS_PER_SECOND);

process.once('SIGTERM', async () => {
  clearInterval(timer);
  await Promise.all(inFlight);
  console.log(JSON.stringify({ calls, failures, ended: true }));
  process.exit();
});
