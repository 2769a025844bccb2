-- For sysbench: multi-row INSERTs of one megabyte each into the table inserted.
local statement

function prepare()
  local connection = sysbench.sql.driver():connect()
  connection:query("CREATE TABLE inserted (id BIGINT, name VARCHAR(60), amount DECIMAL(12,2), note VARCHAR(80)) ENGINE=InnoDB")
end

function thread_init()
  connection = sysbench.sql.driver():connect()
  local rows, size, number = {}, 0, 0
  while size < 1000000 do
    local row = string.format("(%d, 'customer number %d', %d.25, 'a note with it''s quote and a semicolon; and more')",
                              number, number, number)
    table.insert(rows, row)
    size = size + #row + 1
    number = number + 1
  end
  statement = "INSERT INTO inserted VALUES " .. table.concat(rows, ",")
end

function event()
  connection:query(statement)
end

function thread_done()
  connection:disconnect()
end
