// The page of llm-page.ts: an EventSource reads the streamed operation, and Cancel closes it.
export const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Assistant</title>
<link rel="icon" href="data:,">
<style>
  body { font: 16px system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; }
  form { display: flex; gap: 0.5rem; }
  input { flex: 1; padding: 0.4rem; font: inherit; }
  button { padding: 0.4rem 1rem; font: inherit; }
  #answer { min-height: 8rem; padding: 1rem; border: 1px solid #ccc; background: #fafafa; white-space: pre-wrap; }
  #state { color: #666; }
</style>
<h1>Assistant</h1>
<form id="ask">
  <input id="question" placeholder="Ask something" required>
  <button id="send">Send</button>
  <button id="cancel" type="button" disabled>Cancel</button>
</form>
<p id="answer" aria-live="polite"></p>
<p id="state">idle</p>
<script type="module">
  ask.onsubmit = (event) => {
    event.preventDefault();
    answer.textContent = '';
    state.textContent = 'writing';
    [send.disabled, cancel.disabled] = [true, false];
    const tokens = new EventSource('complete?' + new URLSearchParams({ prompt: question.value }));
    const finish = async (said) => {
      tokens.close();
      [send.disabled, cancel.disabled] = [false, true];
      const { running, tokens: written, cancelled } = await (await fetch('usage')).json();
      state.textContent = said + '. The server: ' + running + ' running, ' + written + ' tokens written, ' + cancelled + ' cancelled.';
    };
    tokens.onmessage = ({ data }) => answer.append(JSON.parse(data));
    // The last event: its data is {}, or the error.
    tokens.addEventListener('end', ({ data }) => finish(JSON.parse(data).message ?? 'Done'));
    tokens.onerror = () => finish('The connection was lost');
    cancel.onclick = () => finish('Cancelled');
  };
</script>
`;
