/**
 * What quotes a document, found without reading every row: deleting it empties those quotes too. Documents that were
 * deleted before are caught up with here.
 */
export const WHAT_A_DELETION_FINDS = `
create table citations (
  document_id text not null,
  interaction_id text not null references interactions,
  primary key (document_id, interaction_id)
) strict, without rowid;
insert into citations
  select distinct answer.value ->> 'documentId', interactions.id
  from interactions, json_each(interactions.answers) as answer;

create index corrections_by_document on corrections (span ->> 'documentId') where span is not null;
create index labels_by_document on labels (document_id);

update interactions
  set answers = (
    select json_group_array(json(
      case when value ->> 'documentId' in (select id from documents where status = 'DELETED')
        then json_set(value, '$.text', '', '$.context', '') else value end
    ))
    from json_each(interactions.answers)
  )
  where id in (
    select interaction_id from citations join documents on documents.id = document_id where status = 'DELETED'
  );
update corrections set span = json_set(span, '$.text', '')
  where span ->> 'documentId' in (select id from documents where status = 'DELETED');
update labels set answer = json_set(answer, '$.text', '')
  where answer is not null and document_id in (select id from documents where status = 'DELETED');
`
