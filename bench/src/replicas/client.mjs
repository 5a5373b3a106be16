// A client inside the stack, run in the author service's image: reads by id from all replicas of both services by
// round_robin, and says how many calls each answered. RATE: calls a second of each service; 0: IN_FLIGHT at once.
import { randomUUID } from 'node:crypto';
import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { credentials, Metadata } from '@grpc/grpc-js';

const [seconds, inFlight, rate] = [process.env.SECONDS, process.env.IN_FLIGHT, process.env.RATE].map(Number);
const IDS = 100;
const options = {
  // Docker passes the proxies of its configuration on to containers.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
};
const authors = new AuthorServiceClient('dns:///author-service:50051', credentials.createInsecure(), options);
const books = new BookServiceClient('dns:///book-service:50052', credentials.createInsecure(), options);

const send = (client, method, request) =>
  new Promise((resolve, reject) => {
    const call = client[method](request, new Metadata(), { deadline: Date.now() + 10_000 }, (error, answer) =>
      error ? reject(error) : resolve({ answer, peer: call.getPeer() }),
    );
  });

const newAuthor = () => ({ name: 'Load', email: `${randomUUID()}@example.com`, requestId: '' });
const ids = { authors: [], books: [] };
for (let n = 0; n < IDS; n++) {
  const author = await send(authors, 'createAuthor', newAuthor());
  const newBook = { title: 'Load', authorId: author.answer.id, publishedYear: 2001, requestId: '' };
  const book = await send(books, 'createBook', newBook);
  ids.authors.push(author.answer.id);
  ids.books.push(book.answer.id);
}
const services = {
  'author-service': (n) => send(authors, 'getAuthor', { id: ids.authors[n % IDS] }),
  'book-service': (n) => send(books, 'getBook', { id: ids.books[n % IDS] }),
};

/** Calls by the address that answered, and how many were not answered so. */
async function load(read) {
  const byPeer = {};
  let sent = 0;
  let failed = 0;
  const once = async () => {
    try {
      const { peer } = await read(sent++);
      byPeer[peer] = (byPeer[peer] ?? 0) + 1;
    } catch {
      failed++;
    }
  };
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  const work = [];
  if (rate > 0) {
    // What is due is sent each few milliseconds, as timers are no finer.
    while (performance.now() < until) {
      const due = Math.floor(((performance.now() - startedAt) / 1000) * rate);
      while (sent < due) work.push(once());
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  } else {
    const worker = async () => {
      while (performance.now() < until) await once();
    };
    for (let n = 0; n < inFlight; n++) work.push(worker());
  }
  await Promise.all(work);
  return { byPeer, failed, seconds: (performance.now() - startedAt) / 1000 };
}

// One service after the other, with time before and after to look at what the replicas have used.
const look = () => new Promise((resolve) => setTimeout(resolve, 3000));
for (const [service, read] of Object.entries(services)) {
  await read(0);
  console.log(JSON.stringify({ service }));
  await look();
  console.log(JSON.stringify({ service, ...(await load(read)) }));
  await look();
}
authors.close();
books.close();
