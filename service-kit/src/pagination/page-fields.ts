import { z } from 'zod';
import { FOREIGN_TOKEN, isPageToken } from './page-token.js';

/** AIP-158: 0 is the server's choice, negative is refused. */
export const pageSize = z.number().superRefine((value, context) => {
  if (value < 0) context.addIssue('must not be negative');
});

/** As far as can be told without the list: the list itself refuses another one's token. */
export const pageToken = z.string().superRefine((value, context) => {
  if (value !== '' && !isPageToken(value)) context.addIssue(FOREIGN_TOKEN);
});

/** The two fields of a request for a page of a list. */
export const pageFields = { pageSize, pageToken };
