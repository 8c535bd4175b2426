/** Uploads as any HTTP client makes them. */
export interface UploadFile {
  readonly name: string
  readonly content: string | Uint8Array<ArrayBuffer>
  readonly type?: string
}

export function formOf(files: readonly UploadFile[], fields: Readonly<Record<string, string>> = {}): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  for (const { name, content, type } of files) form.append('file', new Blob([content], { type: type ?? '' }), name)
  return form
}

export async function upload(url: string, files: readonly UploadFile[], fields?: Readonly<Record<string, string>>) {
  const response = await fetch(`${url}/documents`, { method: 'POST', body: formOf(files, fields) })
  return { status: response.status, body: (await response.json()) as UploadBody }
}

interface UploadBody {
  readonly batch: { readonly id: string }
  readonly jobs: { readonly id: string; readonly fileName: string; readonly payload: { readonly documentId: string } }[]
  readonly errors: { readonly fileName: string; readonly code: string; readonly hint: string }[]
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string }
}
