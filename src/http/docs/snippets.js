function quoteForShell(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Python's literal of a text: JSON's is one, but for what JSON leaves bare. */
function quoteForPython(text) {
  return JSON.stringify(text);
}

/** The same call in several languages, by the name on its tab: from a URL and a JSON body to a text. */
export const SNIPPETS = {
  curl: (url, body) => `curl -X POST ${quoteForShell(url)} \\\n  -d ${quoteForShell(body)}`,
  Python: (url, body) =>
    [
      'import json, urllib.request',
      '',
      `body = ${quoteForPython(body)}`,
      `request = urllib.request.Request(${quoteForPython(url)}, body.encode())`,
      'with urllib.request.urlopen(request) as answer:',
      '    print(json.load(answer))',
    ].join('\n'),
  JavaScript: (url, body) =>
    [
      `const response = await fetch(${JSON.stringify(url)}, {`,
      "  method: 'POST',",
      `  body: ${JSON.stringify(body)},`,
      '});',
      'console.log(await response.json());',
    ].join('\n'),
};
