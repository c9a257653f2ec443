/** A bar that redraws itself on a terminal, and a line at every tenth elsewhere. */
export interface ProgressBar {
  /** Without a total there is no bar, but how many there are so far. */
  show(done: number, total: number | null, note: string): void;
  end(): void;
}

const width = 32;

/** Draws on standard error, so that standard output holds results only; `quiet` draws nothing. */
export function progressBar(label: string, quiet: boolean): ProgressBar {
  const terminal = process.stderr.isTTY && !quiet;
  let tenth = -1;
  return {
    show(done, total, note) {
      if (total === null) {
        if (terminal) process.stderr.write(`\r\x1b[K${label}  ${count(done)}  ${note}`);
        return;
      }
      const share = total === 0 ? 0 : Math.min(1, done / total);
      const percent = String(Math.floor(share * 100)).padStart(3);
      const text = `${label} ${percent}%  ${count(done)} of ${count(total)}  ${note}`;
      if (terminal) {
        const filled = Math.round(share * width);
        process.stderr.write(`\r\x1b[K${"█".repeat(filled)}${"░".repeat(width - filled)} ${text}`);
      } else if (!quiet && Math.floor(share * 10) > tenth) {
        tenth = Math.floor(share * 10);
        process.stderr.write(`${text}\n`);
      }
    },
    end() {
      if (terminal) process.stderr.write("\n");
    },
  };
}

export function count(n: number): string {
  return n.toLocaleString("en");
}
