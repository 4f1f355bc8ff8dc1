// The page's side of the worker: calls by name, answered by promises.

export class Engine {
  constructor({ onProgress, onReady, onFailed, onReport }) {
    this.waiting = new Map();
    this.count = 0;
    this.worker = new Worker("worker.js", { type: "module" });
    this.worker.onmessage = ({ data }) => {
      if (data.progress) onProgress(data.progress);
      else if (data.ready) onReady(data.ready, data.from);
      else if (data.failed) onFailed(data.failed);
      else if (data.report) onReport(data.report);
      else {
        this.waiting.get(data.id)(data.answer);
        this.waiting.delete(data.id);
      }
    };
    this.worker.onerror = (event) =>
      onFailed(event.message || "This browser could not start the worker.");
  }

  // The answer of the package; what it rejects is thrown as an Error with its message.
  async call(name, given = {}, content = undefined) {
    const answer = await new Promise((resolve) => {
      this.waiting.set(++this.count, resolve);
      this.worker.postMessage({ id: this.count, name, given, content });
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
}
