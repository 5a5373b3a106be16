-- CreateEnum
CREATE TYPE "AuthorState" AS ENUM ('ACTIVE', 'DELETING');

-- CreateTable
CREATE TABLE "authors" (
    "id" UUID NOT NULL DEFAULT uuidv7(),
    "name" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "request_id" UUID,
    "request_hash" BYTEA,
    "state" "AuthorState" NOT NULL DEFAULT 'ACTIVE',
    "delete_op_id" UUID,
    "delete_force" BOOLEAN,
    "delete_next_try_at" TIMESTAMPTZ(3),
    "delete_tries" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "authors_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "authors_request_id_key" ON "authors"("request_id");

-- Beyond Prisma's language: addresses are ASCII, so that lower() means the same under every locale.
CREATE UNIQUE INDEX "authors_email_key" ON "authors"(lower("email"));

-- An author is being deleted by exactly one operation, or not at all.
ALTER TABLE "authors" ADD CONSTRAINT "authors_deletion_check" CHECK (
    ("state" = 'ACTIVE' AND "delete_op_id" IS NULL AND "delete_force" IS NULL AND "delete_next_try_at" IS NULL)
    OR ("state" = 'DELETING' AND "delete_op_id" IS NOT NULL AND "delete_force" IS NOT NULL AND "delete_next_try_at" IS NOT NULL)
);

-- What the recovery worker looks for: few rows, whatever the number of authors.
CREATE INDEX "authors_deleting_idx" ON "authors"("delete_next_try_at") WHERE "state" = 'DELETING';
