/**
 * Reads the sources of a project with TypeScript's own parser and gathers the facts that the house
 * rules are about. What a rule forbids is not known here.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import * as ast from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

export interface Place {
  /** Relative to the project. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
}

export interface Import extends Place {
  /** As written. */
  readonly specifier: string;
  /** The file meant, relative to the project; null: a package. */
  readonly target: string | null;
  /** Names taken from it; `*`: all. */
  readonly names: readonly string[];
}

export interface NamedPlace extends Place {
  readonly name: string;
}

export interface SourceFile {
  readonly path: string;
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
  readonly exports: readonly (NamedPlace & { readonly typeOnly: boolean })[];
  /** Files run as a process or thread: `entry(import.meta.url, './name')`. */
  readonly entries: readonly string[];
  readonly functions: readonly (NamedPlace & { readonly lineCount: number })[];
  /** Declared classes, interfaces, types, functions and variables. */
  readonly declarations: readonly NamedPlace[];
  /** Uses of names that aren't members: `Date`, `setTimeout`; of members: `Math.random`. */
  readonly uses: readonly NamedPlace[];
  /** `async`, `await`. */
  readonly asynchronous: readonly Place[];
  readonly emptyCatches: readonly Place[];
  /** Such as `test.skip`, `{ only }`. */
  readonly switchedOffTests: readonly NamedPlace[];
  /** Lines whose column 100 lies in a string, template or regular expression. */
  readonly linesOfText: ReadonlySet<number>;
}

type Mutable<T> = {
  -readonly [K in keyof T]: T[K] extends readonly (infer E)[]
    ? E[]
    : T[K] extends ReadonlySet<infer E>
      ? Set<E>
      : T[K];
};

export const widestLine = 100;

/** All sources that the project's tsconfig.json includes. */
export function readSources(root: string): SourceFile[] {
  const api = new API({ cwd: root });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] });
    const files = snapshot.getProjects().flatMap((project) =>
      project.program
        .getSourceFileNames()
        .filter((name) => name.startsWith(`${root}/`) && !name.includes('/node_modules/'))
        .map((name) => project.program.getSourceFile(name)),
    );
    return files.filter((file) => file !== undefined).map((file) => readSource(root, file));
  } finally {
    api.close();
  }
}

function readSource(root: string, file: ast.SourceFile): SourceFile {
  const text = readFileSync(file.fileName, 'utf8');
  const source: Mutable<SourceFile> = {
    path: relative(root, file.fileName),
    lines: text.replace(/\n$/, '').split('\n'),
    imports: [],
    exports: [],
    entries: [],
    functions: [],
    declarations: [],
    uses: [],
    asynchronous: [],
    emptyCatches: [],
    switchedOffTests: [],
    linesOfText: new Set(),
  };
  const reader = new Reader(root, file, source);
  reader.visit(file);
  return source;
}

class Reader {
  readonly #root: string;
  readonly #file: ast.SourceFile;
  readonly #source: Mutable<SourceFile>;

  constructor(root: string, file: ast.SourceFile, source: Mutable<SourceFile>) {
    this.#root = root;
    this.#file = file;
    this.#source = source;
  }

  visit(node: ast.Node): void {
    this.#readModule(node);
    this.#readDeclaration(node);
    this.#readFunction(node);
    this.#readUse(node);
    this.#readText(node);
    if (ast.isCallExpression(node)) this.#readCall(node);
    if (ast.isCatchClause(node) && this.#isEmpty(node.block)) {
      this.#source.emptyCatches.push(this.#place(node));
    }
    node.forEachChild((child) => {
      this.visit(child);
      return undefined;
    });
  }

  #place(node: ast.Node): Place {
    return { path: this.#source.path, line: this.#line(node.getStart(this.#file)) };
  }

  #line(position: number): number {
    return this.#file.getLineAndCharacterOfPosition(position).line + 1;
  }

  #readModule(node: ast.Node): void {
    const isModule = ast.isImportDeclaration(node) || ast.isExportDeclaration(node);
    if (isModule && node.moduleSpecifier !== undefined) {
      const names = ast.isImportDeclaration(node) ? importedNames(node) : reexportedNames(node);
      this.#addImport(node, node.moduleSpecifier, names);
    }
    if (ast.isCallExpression(node) && node.expression.kind === ast.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments;
      if (specifier !== undefined) this.#addImport(node, specifier, ['*']);
    }
    if (ast.isImportTypeNode(node)) {
      const argument = node.argument;
      if (ast.isLiteralTypeNode(argument)) this.#addImport(node, argument.literal, ['*']);
    }
  }

  #addImport(node: ast.Node, specifier: ast.Node, names: readonly string[]): void {
    if (!ast.isStringLiteral(specifier)) return;
    const target = specifier.text.startsWith('.') ? this.#resolve(specifier.text) : null;
    this.#source.imports.push({ ...this.#place(node), specifier: specifier.text, target, names });
  }

  #resolve(specifier: string): string {
    return relative(this.#root, resolve(dirname(this.#file.fileName), specifier));
  }

  #readDeclaration(node: ast.Node): void {
    for (const { name, typeOnly, exported } of declared(node)) {
      const found = { ...this.#place(name), name: name.text };
      this.#source.declarations.push(found);
      if (exported) this.#source.exports.push({ ...found, typeOnly });
    }
    const isReexport = ast.isExportDeclaration(node) && node.exportClause !== undefined;
    if (isReexport && ast.isNamedExports(node.exportClause as ast.Node)) {
      for (const element of (node.exportClause as ast.NamedExports).elements) {
        const name = element.name.text;
        this.#source.exports.push({ ...this.#place(element), name, typeOnly: false });
      }
    }
  }

  #readFunction(node: ast.Node): void {
    if (!isFunction(node)) return;
    if ((node.modifiers ?? []).some((modifier) => modifier.kind === ast.SyntaxKind.AsyncKeyword)) {
      this.#source.asynchronous.push(this.#place(node));
    }
    if (node.body === undefined || isGroupOfTests(node)) return;
    const start = this.#line(node.getStart(this.#file));
    const lineCount = this.#line(node.end) - start + 1;
    const name = nameOf(node)?.getText(this.#file) ?? 'a function';
    this.#source.functions.push({ ...this.#place(node), name, lineCount });
  }

  #readUse(node: ast.Node): void {
    if (ast.isAwaitExpression(node)) this.#source.asynchronous.push(this.#place(node));
    if (ast.isPropertyAccessExpression(node) && ast.isIdentifier(node.expression)) {
      const name = `${node.expression.text}.${node.name.text}`;
      this.#source.uses.push({ ...this.#place(node), name });
    }
    if (ast.isIdentifier(node) && !isOnlyAName(node)) {
      this.#source.uses.push({ ...this.#place(node), name: node.text });
    }
  }

  #readCall(node: ast.CallExpression): void {
    const called = node.expression.getText(this.#file);
    const [first, second] = node.arguments;
    if (called === 'entry' && second !== undefined && ast.isStringLiteral(second)) {
      this.#source.entries.push(this.#entryFile(this.#resolve(second.text)));
    }
    const isTest = /^(t\.|context\.)?(test|it|describe|suite)(\.(skip|only|todo))?$/.test(called);
    if (isTest) this.#readTest(node, called);
    const handler = first !== undefined && ast.isArrowFunction(first) ? first.body : undefined;
    if (called.endsWith('.catch') && handler !== undefined && ast.isBlock(handler)) {
      if (this.#isEmpty(handler)) this.#source.emptyCatches.push(this.#place(node));
    }
  }

  #readTest(node: ast.CallExpression, called: string): void {
    if (/\.(skip|only|todo)$/.test(called)) {
      this.#source.switchedOffTests.push({ ...this.#place(node), name: called });
    }
    for (const argument of node.arguments) {
      if (!ast.isObjectLiteralExpression(argument)) continue;
      for (const property of argument.properties) {
        const name = nameOf(property)?.getText(this.#file) ?? '';
        if (!['skip', 'only', 'todo'].includes(name)) continue;
        this.#source.switchedOffTests.push({ ...this.#place(property), name: `{ ${name} }` });
      }
    }
  }

  #entryFile(path: string): string {
    return existsSync(join(this.#root, `${path}.ts`)) ? `${path}.ts` : path;
  }

  #readText(node: ast.Node): void {
    const isText =
      ast.isStringLiteral(node) ||
      ast.isTemplateExpression(node) ||
      ast.isNoSubstitutionTemplateLiteral(node) ||
      ast.isRegularExpressionLiteral(node);
    if (!isText) return;
    const first = this.#file.getLineAndCharacterOfPosition(node.getStart(this.#file));
    const last = this.#file.getLineAndCharacterOfPosition(node.end);
    for (let { line } = first; line <= last.line; line += 1) {
      const reaches = line < last.line || last.character >= widestLine - 3;
      if (reaches) this.#source.linesOfText.add(line + 1);
    }
  }

  /** Without a statement and without a comment that says why nothing is done. */
  #isEmpty(block: ast.Block): boolean {
    return block.statements.length === 0 && !/\/[/*]/.test(block.getText(this.#file));
  }
}

type FunctionNode =
  | ast.FunctionDeclaration
  | ast.FunctionExpression
  | ast.ArrowFunction
  | ast.MethodDeclaration
  | ast.ConstructorDeclaration
  | ast.GetAccessorDeclaration
  | ast.SetAccessorDeclaration;

function isFunction(node: ast.Node): node is FunctionNode {
  return (
    ast.isFunctionDeclaration(node) ||
    ast.isFunctionExpression(node) ||
    ast.isArrowFunction(node) ||
    ast.isMethodDeclaration(node) ||
    ast.isConstructorDeclaration(node) ||
    ast.isGetAccessorDeclaration(node) ||
    ast.isSetAccessorDeclaration(node)
  );
}

function nameOf(node: ast.Node): ast.Node | undefined {
  return 'name' in node ? (node.name as ast.Node | undefined) : undefined;
}

/** The function given to `describe` or `suite` only holds others. */
function isGroupOfTests(node: FunctionNode): boolean {
  const call = node.parent;
  if (call === undefined || !ast.isCallExpression(call)) return false;
  return ast.isIdentifier(call.expression) && /^(describe|suite)$/.test(call.expression.text);
}

function importedNames(node: ast.ImportDeclaration): string[] {
  const clause = node.importClause;
  const bindings = clause?.namedBindings;
  if (bindings === undefined) return clause?.name === undefined ? [] : ['default'];
  if (!ast.isNamedImports(bindings)) return ['*'];
  return bindings.elements.map((element) => (element.propertyName ?? element.name).text);
}

function reexportedNames(node: ast.ExportDeclaration): string[] {
  const clause = node.exportClause;
  if (clause === undefined || !ast.isNamedExports(clause)) return ['*'];
  return clause.elements.map((element) => (element.propertyName ?? element.name).text);
}

interface Declared {
  readonly name: ast.Identifier;
  readonly typeOnly: boolean;
  readonly exported: boolean;
}

function declared(node: ast.Node): Declared[] {
  const typeOnly = ast.isInterfaceDeclaration(node) || ast.isTypeAliasDeclaration(node);
  if (typeOnly || ast.isClassDeclaration(node) || ast.isFunctionDeclaration(node)) {
    if (node.name === undefined) return [];
    return [{ name: node.name, typeOnly, exported: isExported(node) }];
  }
  if (!ast.isVariableStatement(node)) return [];
  const exported = isExported(node);
  return node.declarationList.declarations.flatMap(({ name }) =>
    ast.isIdentifier(name) ? [{ name, typeOnly: false, exported }] : [],
  );
}

function isExported(node: { readonly modifiers?: ast.NodeArray<ast.ModifierLike> }): boolean {
  return (node.modifiers ?? []).some((each) => each.kind === ast.SyntaxKind.ExportKeyword);
}

/** The identifier names a member or a thing being declared, or stands in a type. */
function isOnlyAName(node: ast.Identifier): boolean {
  const parent = node.parent;
  if (parent === undefined) return false;
  if (ast.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ast.isQualifiedName(parent)) return true;
  return nameOf(parent) === node && !ast.isShorthandPropertyAssignment(parent);
}
