/** nest-prisma: NestJS and Prisma as their documentation shows them. */
await import(`./nest-prisma/${process.env.SERVICE}.js`);
