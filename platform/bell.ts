/** Lets a loop sleep until something happens. The loops of cron/ and net/ use it. */
export interface Bell {
  ring(): void;
  /** Waits for `ms`, or until the bell rings and `heed` is true. A ring since the last wait counts too. */
  wait(ms: number, heed?: () => boolean): Promise<void>;
}

export function createBell(): Bell {
  let rung = false;
  let hear = () => {};
  return {
    ring() {
      rung = true;
      hear();
    },
    async wait(ms, heed = () => true) {
      if (!rung || !heed()) {
        await new Promise<void>((resolve) => {
          const done = () => {
            clearTimeout(timer);
            hear = () => {};
            resolve();
          };
          const timer = setTimeout(done, ms);
          hear = () => {
            if (heed()) done();
          };
        });
      }
      rung = false;
    },
  };
}
