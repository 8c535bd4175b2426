/** Where each span of a version stands in the uploaded file. Versions of earlier releases have none. */
export const PLACES = `
create table places (
  document_id text not null,
  version integer not null,
  start integer not null,
  end integer not null,
  kind text not null,
  page integer,
  sheet text,
  slide integer,
  row integer,
  is_header integer not null,
  box text,
  primary key (document_id, version, start),
  foreign key (document_id, version) references document_versions
) strict, without rowid;
`
