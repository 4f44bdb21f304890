/* In pages that `npm run dev` builds: loads the page again when another build is there. Names of built files are hashes. */

async function currentPage(): Promise<string | null> {
  try {
    const answer = await fetch(location.pathname, { cache: 'no-store' });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null; // the server is starting again
  }
}

let first: string | null = null;
setInterval(async () => {
  const now = await currentPage();
  first ??= now;
  if (now !== null && now !== first) location.reload();
}, 1_000);

export {};
