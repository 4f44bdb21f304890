/* Added to pages built by `npm run dev`. Reloads the page after each build, noticed by the hashes in the names of its files. */

async function currentPage(): Promise<string | null> {
  try {
    const answer = await fetch(location.pathname, { cache: 'no-store' });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null; // the server is restarting
  }
}

let first: string | null = null;
setInterval(async () => {
  const now = await currentPage();
  first ??= now;
  if (now !== null && now !== first) location.reload();
}, 1_000);

export {};
