/**
 * Runs `act` once for any number of calls within `delay` ms, and never two at a time: a call during
 * a run leads to one more run after it.
 */
export const batched = (act: () => Promise<void>, delay: number): (() => void) => {
  let isWaiting = false;
  let isRunning = false;
  let isWanted = false;
  const run = async () => {
    isWaiting = false;
    isRunning = true;
    isWanted = false;
    try {
      await act();
    } finally {
      isRunning = false;
      if (isWanted) request();
    }
  };
  const request = () => {
    if (isRunning) isWanted = true;
    else if (!isWaiting) {
      isWaiting = true;
      setTimeout(run, delay);
    }
  };
  return request;
};
