-- AlterTable
ALTER TABLE "authors" ADD COLUMN     "delete_started_at" TIMESTAMPTZ(3);
