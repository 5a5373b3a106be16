import { defineConfig } from 'prisma/config';
import { databaseUrl } from '../scripts/sandbox-database.mjs';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations', seed: 'npm run seed --prefix ..' },
  datasource: { url: databaseUrl(import.meta.url) },
});
