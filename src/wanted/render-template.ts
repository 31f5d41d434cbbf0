import type { Field } from './settings.ts'

export type TemplateFacts = Readonly<Record<Field, string>> & { readonly tags: Readonly<Record<string, string>> }

/** `{field}` and `{tag:Key}`; what is not there is empty. A value is never read as a template again. */
export const renderTemplate = (template: string, facts: TemplateFacts): string =>
  template.replace(/\{([^{}]*)\}/g, (_whole, name: string) => {
    if (name.startsWith('tag:')) return own(facts.tags, name.slice(4))
    return isField(facts, name) ? facts[name] : ''
  })

const own = (tags: Readonly<Record<string, string>>, key: string): string =>
  Object.hasOwn(tags, key) ? (tags[key] ?? '') : ''

const isField = (facts: TemplateFacts, name: string): name is Field => name !== 'tags' && Object.hasOwn(facts, name)
