// The page's texts, in the language of the browser.
const WORDS = {
  pt: {
    add_person: "Nova pessoa", add_group: "Novo grupo", chats: "Conversas", back: "Voltar",
    tab_chat: "Conversa", tab_raw: "Bruto", write: "Escreva uma mensagem", write_as: "Escrever como",
    attach: "Anexar arquivo", send: "Enviar", cancel: "Cancelar", create: "Criar", name: "Nome",
    phone: "Telefone (opcional)", members: "Participantes", nobody: "Crie uma pessoa para começar.",
    calls: "Chamadas do bot", webhooks: "Webhooks para o bot", offline: "Sem ligação com o sandbox; tentando de novo…",
    connected: "conectado", disconnected: "desconectado", connect: "Conectar", disconnect: "Desconectar",
    you: "Você", bot: "Bot", typing: "digitando…", edited: "editada", deleted: "Mensagem apagada",
    forwarded: "Encaminhada", options: "Ver opções", image: "Imagem", audio: "Áudio", video: "Vídeo",
    document: "Documento", sticker: "Figurinha", location: "Localização", contact: "Contato",
    failed: "Falhou", waiting: "esperando", skipped: "não enviado", nothing: "Nada ainda.",
    reply: "Responder", react: "Reagir", remove: "Apagar", request: "pedido", answer: "resposta", body: "corpo",
    no_webhook: "Nenhum bot ligado: nenhum webhook está definido.", too_big: "O arquivo passa de 30 MB.",
    empty_chat: "Escreva “oi” para ver o bot responder.", again: "tentativas", unread: "não lidas",
    today: "Hoje", pending: "Na fila", sent: "Enviada", received: "Entregue", read: "Lida",
  },
  en: {
    add_person: "New person", add_group: "New group", chats: "Chats", back: "Back",
    tab_chat: "Chat", tab_raw: "Raw", write: "Write a message", write_as: "Write as",
    attach: "Attach a file", send: "Send", cancel: "Cancel", create: "Create", name: "Name",
    phone: "Phone (optional)", members: "Members", nobody: "Add a person to begin.",
    calls: "Calls of the bot", webhooks: "Webhooks to the bot", offline: "The sandbox does not answer; trying again…",
    connected: "connected", disconnected: "disconnected", connect: "Connect", disconnect: "Disconnect",
    you: "You", bot: "Bot", typing: "typing…", edited: "edited", deleted: "This message was deleted",
    forwarded: "Forwarded", options: "See options", image: "Picture", audio: "Audio", video: "Video",
    document: "Document", sticker: "Sticker", location: "Location", contact: "Contact",
    failed: "Failed", waiting: "waiting", skipped: "not sent", nothing: "Nothing yet.",
    reply: "Reply", react: "React", remove: "Delete", request: "request", answer: "reply", body: "body",
    no_webhook: "No bot is linked: no webhook is set.", too_big: "The file is larger than 30 MB.",
    empty_chat: "Write “oi” to see the bot answer.", again: "attempts", unread: "unread",
    today: "Today", pending: "Queued", sent: "Sent", received: "Delivered", read: "Read",
  },
};

export const language = navigator.language.toLowerCase().startsWith("pt") ? "pt" : "en";
export const locale = language === "pt" ? "pt-BR" : navigator.language;
export const word = (key) => WORDS[language][key] ?? key;

// Fills what index.html leaves open.
export function translate(root) {
  document.documentElement.lang = language === "pt" ? "pt-BR" : "en";
  for (const e of root.querySelectorAll("[data-word]")) e.textContent = word(e.dataset.word);
  for (const e of root.querySelectorAll("[data-placeholder]")) e.placeholder = word(e.dataset.placeholder);
  for (const e of root.querySelectorAll("[data-label]")) {
    e.setAttribute("aria-label", word(e.dataset.label));
    e.title = word(e.dataset.label);
  }
}
