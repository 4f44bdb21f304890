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
 * An area to choose or drop files. The browser's own control, which has the browser's language and style, is visually hidden
 * but still there for the keyboard.
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
        // Not `disabled`, which would take the focus from keyboard users who have just chosen a file.
        onClick={(e) => disabled && e.preventDefault()}
        onChange={(e) => {
          const input = e.currentTarget;
          const files = [...(input.files ?? [])];
          // Allows choosing the same file again after it was corrected.
          input.value = '';
          if (files.length > 0) onFiles(files);
        }}
      />
      {children}
    </label>
  );
}
