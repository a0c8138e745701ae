-- The bodies that twostepd sends: an enable and a disable in turn.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/json"
local count = 0
local enable, disable
function init()
    enable = wrk.format(nil, nil, nil, '{"token":"token-0000001-0123456789abcdef","action":0,"pin":"482913"}')
    disable = wrk.format(nil, nil, nil, '{"token":"token-0000001-0123456789abcdef","action":1}')
end
function request()
    count = count + 1
    return count % 2 == 0 and enable or disable
end
