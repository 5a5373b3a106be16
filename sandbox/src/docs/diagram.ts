import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../kubernetes/paths.js';
import { readBookstore } from './bookstore-model.js';
import { draw } from './draw.js';

/** Draws docs/diagram.svg anew: node sandbox/dist/docs/diagram.js */
writeFileSync(path.join(root, 'docs/diagram.svg'), draw(readBookstore()));
