/** Progress shown as a ring around a picture. @param share 0..1 */
export function Ring({ share }: { share: number }) {
  const around = 2 * Math.PI * 47;
  return (
    <svg class="progress-ring" viewBox="0 0 100 100" aria-hidden="true">
      <circle class="progress-ring-ground" cx="50" cy="50" r="47" />
      <circle
        class="progress-ring-done"
        cx="50"
        cy="50"
        r="47"
        stroke-dasharray={around}
        stroke-dashoffset={around * (1 - Math.min(1, Math.max(0, share)))}
      />
    </svg>
  );
}
