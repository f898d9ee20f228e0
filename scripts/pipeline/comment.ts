// SPDX-License-Identifier: Apache-2.0

/** By this a later run finds the comment of an earlier one. */
const MARKER = "<!-- elevation preview -->";
/** The longest Markdown that a comment holds, in characters: GitHub's limit, less our marker. */
export const LONGEST_COMMENT = 65_536 - MARKER.length - 1;
const PER_PAGE = 100;

/** Where a comment goes, and the token that may write it. */
export interface CommentTarget {
  /** As in `https://api.github.com`. */
  readonly api: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly pull: number;
  readonly token: string;
}

interface Comment {
  readonly id: number;
  readonly body?: string;
  readonly user?: { readonly type?: string } | null;
}

/**
 * Writes one comment on a pull request and keeps it up to date: the one that a bot wrote with our marker is edited, else
 * a new one is made. A person's comment is never edited, whatever it says. Throws Error with what GitHub answered.
 */
export async function comment(target: CommentTarget, markdown: string): Promise<void> {
  // NB. never cut here: half of a code span would set free what it holds.
  if (markdown.length > LONGEST_COMMENT)
    throw new Error(`a comment of ${markdown.length} characters is too long for GitHub`);
  const body = `${MARKER}\n${markdown}`;
  const earlier = await findEarlier(target);
  const { repository, pull } = target;
  if (earlier === null) await call(target, "POST", `/repos/${repository}/issues/${pull}/comments`, { body });
  else await call(target, "PATCH", `/repos/${repository}/issues/comments/${earlier.id}`, { body });
}

async function findEarlier(target: CommentTarget): Promise<Comment | null> {
  const { repository, pull } = target;
  for (let page = 1; ; page++) {
    const path = `/repos/${repository}/issues/${pull}/comments?per_page=${PER_PAGE}&page=${page}`;
    const comments = (await call(target, "GET", path)) as readonly Comment[];
    const ours = comments.find(({ body, user }) => user?.type === "Bot" && body?.startsWith(MARKER) === true);
    if (ours !== undefined) return ours;
    if (comments.length < PER_PAGE) return null;
  }
}

async function call({ api, token }: CommentTarget, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${api}${path}`, {
    method,
    headers: {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "x-github-api-version": "2022-11-28",
    },
    signal: AbortSignal.timeout(30_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (answer.ok) return answer.json();
  throw new Error(
    `GitHub answered ${answer.status} to ${method} ${path}; see that the token may write to pull requests`,
  );
}
