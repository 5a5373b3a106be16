-- CreateEnum
CREATE TYPE "ClosingOutcome" AS ENUM ('CLOSED', 'HAS_BOOKS');

-- CreateTable
CREATE TABLE "author_refs" (
    "author_id" UUID NOT NULL,
    "live" BOOLEAN NOT NULL DEFAULT true,

    CONSTRAINT "author_refs_pkey" PRIMARY KEY ("author_id")
);

-- CreateTable
CREATE TABLE "books" (
    "id" UUID NOT NULL DEFAULT uuidv7(),
    "title" TEXT NOT NULL,
    "author_id" UUID NOT NULL,
    "author_live" BOOLEAN NOT NULL DEFAULT true,
    "published_year" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "request_id" UUID,
    "request_hash" BYTEA,

    CONSTRAINT "books_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "author_closings" (
    "op_id" UUID NOT NULL,
    "author_id" UUID NOT NULL,
    "force" BOOLEAN NOT NULL,
    "outcome" "ClosingOutcome" NOT NULL,
    "book_count" INTEGER NOT NULL,
    "decided_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "author_closings_pkey" PRIMARY KEY ("op_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "author_refs_author_id_live_key" ON "author_refs"("author_id", "live");

-- CreateIndex
CREATE UNIQUE INDEX "books_request_id_key" ON "books"("request_id");

-- CreateIndex
CREATE INDEX "books_author_id_id_idx" ON "books"("author_id", "id");

-- AddForeignKey
ALTER TABLE "books" ADD CONSTRAINT "books_author_fkey" FOREIGN KEY ("author_id", "author_live") REFERENCES "author_refs"("author_id", "live") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- Beyond Prisma's language: every book leans on a live reference, so that one with books cannot be closed.
ALTER TABLE "books" ADD CONSTRAINT "books_author_live_check" CHECK ("author_live");
