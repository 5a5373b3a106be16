// Starts the author service many times in one process, so that its log can be read: node many-services.mjs JSON
// The JSON has the settings of each, by the name that its log lines have.
import { startService } from '@bookstore/service-kit';
import { authorService } from '../dist/author-service.js';

const services = Object.entries(JSON.parse(process.argv[2]));
await Promise.all(services.map(([name, env]) => startService({ ...authorService, name }, env)));
