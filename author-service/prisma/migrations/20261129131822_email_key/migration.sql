-- Written by hand: Prisma's language has no generated columns, and takes the expression for a default.
-- In the collation C whatever the database's own is: in Turkish, I becomes another letter.
-- The database computes it, so that a replica of the version before this one can go on writing during an upgrade.
ALTER TABLE "authors" ADD COLUMN "email_key" TEXT NOT NULL GENERATED ALWAYS AS (lower("email" COLLATE "C")) STORED;

-- CreateIndex
CREATE UNIQUE INDEX "authors_email_key_key" ON "authors"("email_key");

-- DropIndex: on the expression, which Prisma's schema cannot show.
DROP INDEX "authors_email_key";
