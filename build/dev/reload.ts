/* In pages that `npm run dev` builds: loads the page again when another build is there. Names of built files are hashes. */

const page = async (): Promise<string | null> => {
  try {
    const answer = await fetch(location.pathname, { cache: 'no-store' });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null; // the server is starting again
  }
};

const first = await page();
setInterval(async () => {
  const now = await page();
  if (first !== null && now !== null && now !== first) location.reload();
}, 1_000);
