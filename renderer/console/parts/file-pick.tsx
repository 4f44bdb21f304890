import type { ComponentChildren } from 'preact';

interface FilePickProps {
  id: string;
  accept: string;
  disabled?: boolean;
  describedBy?: string;
  onFiles: (files: readonly File[]) => void;
  children: ComponentChildren;
}

/**
 * Where files are chosen or dropped. The browser's own control speaks the browser's language, in its own look; it is there
 * for anyone who has no mouse, and this stands for it.
 *
 * @param describedBy id of the hint
 */
export function FilePick({ id, accept, disabled = false, describedBy, onFiles, children }: FilePickProps) {
  return (
    <label
      class="file-pick"
      for={id}
      aria-disabled={disabled}
      onDragOver={(e) => e.preventDefault()}
      onDrop={(e) => {
        e.preventDefault();
        const files = [...(e.dataTransfer?.files ?? [])];
        if (!disabled && files.length > 0) onFiles(files);
      }}
    >
      <input
        id={id}
        class="sr-only"
        type="file"
        multiple
        accept={accept}
        aria-disabled={disabled}
        aria-describedby={describedBy}
        // Not `disabled`: that would take the focus from anyone who has just chosen by the keys.
        onClick={(e) => disabled && e.preventDefault()}
        onChange={(e) => {
          const input = e.currentTarget;
          const files = [...(input.files ?? [])];
          // The same file may be chosen again, after it was fixed.
          input.value = '';
          if (files.length > 0) onFiles(files);
        }}
      />
      {children}
    </label>
  );
}
